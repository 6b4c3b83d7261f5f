"""Pusher: the stock one, which does not push again what is served already."""
