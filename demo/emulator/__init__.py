"""Runs MiniStack, an AWS emulator, in its own process, with the models of Firehose and of Athena's engine.

`python -m demo.emulator` is that process. `server` starts and stops it. `adapter` connects the models to MiniStack.
`subscriptions` delivers log events to Firehose, which MiniStack does not do. `queries` runs queries on the model of
Athena. `answers` sends a response in one write.
"""
