"""The Beam side: an element is a shard, a class or a part of one, never a row."""
