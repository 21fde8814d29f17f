"""Stand-ins for the services beside Slack: they keep state, check what they are sent, and can be made to fail."""
