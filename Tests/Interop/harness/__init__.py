"""What the tests against running programs share: a small XMPP client, the programs, the report."""
