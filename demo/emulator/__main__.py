"""The emulator's process. `server.Emulator` starts it and sets the environment that MiniStack reads at import."""

from ministack import app

from demo.emulator import adapter, answers

if __name__ == "__main__":
    adapter.install()
    answers.install()
    app.main()
