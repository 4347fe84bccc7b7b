"""Raises of caps: who may agree to one, for how long it holds, and the requests that wait.

`permission.py` and `terms.py` decide; `store.py` keeps the requests. A cap without approvers is
raised by whoever asks; otherwise the request waits until an approver decides it, once.
"""
