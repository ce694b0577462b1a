//! Handlers that run and come back, in a process whose program is a script.
