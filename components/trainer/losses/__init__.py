"""Losses over logits by name, and what prior the logits are at after training with them."""
