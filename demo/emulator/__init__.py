"""Runs MiniStack, an AWS emulator, in its own process, with the model of Firehose instead of MiniStack's Firehose.

`python -m demo.emulator` is that process. `server` starts and stops it. `adapter` connects the model to MiniStack.
`subscriptions` delivers log events to Firehose, which MiniStack does not do. `answers` sends a response in one write.
"""
