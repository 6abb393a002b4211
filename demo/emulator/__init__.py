"""MiniStack (an AWS emulator) in a process of its own, with the model of Firehose in place of its Firehose.

`python -m demo.emulator` is that process. `server` starts and stops it, `adapter` joins the two, `subscriptions` is the
fan-out of subscription filters that MiniStack lacks for Firehose, `answers` sends an answer in one write.
"""
