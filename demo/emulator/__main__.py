"""The emulator's process. `server.Emulator` starts it, with the environment that MiniStack reads when imported."""

from ministack import app

from demo.emulator import adapter, answers

if __name__ == "__main__":
    adapter.install()
    answers.install()
    app.main()
