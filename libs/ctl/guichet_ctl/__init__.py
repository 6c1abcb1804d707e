"""`guichetctl`: one command for those who operate Guichet."""
