-- The ledger's first format. Times are RFC 3339 in UTC with nine digits, so that they sort as text.

CREATE TABLE cycles (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT NOT NULL,
    started_at TEXT NOT NULL
);

CREATE TABLE cycle_ends (
    cycle    INTEGER PRIMARY KEY REFERENCES cycles (id),
    ended_at TEXT NOT NULL,
    result   TEXT NOT NULL,
    detail   TEXT NOT NULL
);

-- One row per cycle that planned; the document itself may have been dropped since.
CREATE TABLE plans (
    cycle   INTEGER PRIMARY KEY REFERENCES cycles (id),
    kind    TEXT NOT NULL,
    plan_id TEXT NOT NULL,
    made_at TEXT NOT NULL,
    counts  TEXT NOT NULL
);
CREATE INDEX plans_by_id ON plans (plan_id);
CREATE INDEX plans_by_kind ON plans (kind, cycle);

-- One document per plan id: equal ids mean equal content but for `now`.
CREATE TABLE plan_documents (
    plan_id  TEXT PRIMARY KEY,
    document TEXT NOT NULL
);

CREATE TABLE intents (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    cycle    INTEGER NOT NULL REFERENCES cycles (id),
    at       TEXT NOT NULL,
    resource TEXT NOT NULL,
    triple   TEXT NOT NULL,
    entry    TEXT NOT NULL,
    before   TEXT NOT NULL
);
CREATE INDEX intents_by_cycle ON intents (cycle);
CREATE INDEX intents_by_resource ON intents (resource);
CREATE INDEX intents_by_triple ON intents (triple, id);

CREATE TABLE outcomes (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    intent INTEGER NOT NULL REFERENCES intents (id),
    at     TEXT NOT NULL,
    kind   TEXT NOT NULL CHECK (kind IN ('done', 'failed', 'skipped', 'unknown', 'inFlight')),
    detail TEXT NOT NULL
);
CREATE INDEX outcomes_by_intent ON outcomes (intent, id);

CREATE TABLE approvals (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    triple      TEXT NOT NULL,
    plan_id     TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    approved_at TEXT NOT NULL
);
CREATE INDEX approvals_by_triple ON approvals (triple);

CREATE TABLE approval_ends (
    approval INTEGER PRIMARY KEY REFERENCES approvals (id),
    ended_at TEXT NOT NULL
);

-- What earlier cycles witnessed; the present state, not a record.
CREATE TABLE history (
    kind  TEXT NOT NULL,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;

-- Who has the one cycle that may run. The fence grows with every holder.
CREATE TABLE lease (
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    fence      INTEGER NOT NULL,
    holder     TEXT NOT NULL,
    since      TEXT NOT NULL,
    expires_at TEXT NOT NULL
);

CREATE TABLE heartbeat (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    at   TEXT NOT NULL
);

CREATE TABLE outbox (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    topic       TEXT NOT NULL,
    event       TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    plan_id     TEXT NOT NULL,
    subject     TEXT NOT NULL,
    body        TEXT NOT NULL,
    attributes  TEXT NOT NULL,
    enqueued_at TEXT NOT NULL,
    state       TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'parked')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_at     TEXT NOT NULL,
    settled_at  TEXT,
    receipt     TEXT,
    error       TEXT
);
CREATE INDEX outbox_waiting ON outbox (topic, seq) WHERE state = 'waiting';
CREATE INDEX outbox_by_event ON outbox (event, seq);

-- Up to where people have been told: the cycle, and the last outcome in its messages.
CREATE TABLE reports (
    cycle   INTEGER PRIMARY KEY REFERENCES cycles (id),
    at      TEXT NOT NULL,
    through INTEGER NOT NULL
);

-- The record is append-only: what was decided, meant and done is never rewritten.
CREATE TRIGGER cycles_never_change BEFORE UPDATE ON cycles BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER cycles_never_go BEFORE DELETE ON cycles BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER cycle_ends_never_change BEFORE UPDATE ON cycle_ends BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER cycle_ends_never_go BEFORE DELETE ON cycle_ends BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER plans_never_change BEFORE UPDATE ON plans BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER plans_never_go BEFORE DELETE ON plans BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER intents_never_change BEFORE UPDATE ON intents BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER intents_never_go BEFORE DELETE ON intents BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER outcomes_never_change BEFORE UPDATE ON outcomes BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER outcomes_never_go BEFORE DELETE ON outcomes BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER approvals_never_change BEFORE UPDATE ON approvals BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER approvals_never_go BEFORE DELETE ON approvals BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER approval_ends_never_change BEFORE UPDATE ON approval_ends BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER approval_ends_never_go BEFORE DELETE ON approval_ends BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;

-- Nothing follows a final outcome.
CREATE TRIGGER outcomes_end BEFORE INSERT ON outcomes
WHEN EXISTS (SELECT 1 FROM outcomes WHERE intent = NEW.intent AND kind IN ('done', 'failed', 'skipped'))
BEGIN SELECT RAISE(ABORT, 'the intent is concluded'); END;
