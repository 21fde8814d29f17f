"""What the AI service is made of besides its flags, each in the kind of place where companies keep it.

A prompt in a model registry, a guardrail policy in Git, a tool behind a switch: each can be rolled back for real.
"""
