//! Adapters between the NFVI port and the neighbours: OpenStack, sysinv, maintenance, guest, listeners, file handlers.
