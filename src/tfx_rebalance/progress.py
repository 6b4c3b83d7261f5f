"""What a node says while it runs, to whoever listens in this process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[str], None]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def tell(text: str) -> None:
    """Says a line about how far a node has got; it is lost where nobody listens."""
    listener = _listener.get()
    if listener is not None:
        listener(text)


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Hands what is told within to a listener."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def within(what: str) -> Iterator[None]:
    """Puts what is being done before all that is told meanwhile: "trial 3/30, epoch 1/20"."""
    outer = _listener.get()
    if outer is None:
        yield
        return
    with heard_by(lambda text: outer(f"{what}, {text}")):
        yield
