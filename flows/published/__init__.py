"""What the published tables tell: figures, conversations, gaps. Every module reads through a warehouse's Reader."""
