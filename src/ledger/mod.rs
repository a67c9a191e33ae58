//! The append-only record of cycles, plans, intents and outcomes.
