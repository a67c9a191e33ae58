//! The ledger as its users see it. Everything here runs on real files and real time.
