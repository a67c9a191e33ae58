//! The identity of a plan: SHA-256 over its canonical JSON without `plan_id` and `now`.
//!
//! Canonical: keys sorted, no white space. Written piece by piece, so that a plan over a hundred thousand resources
//! is hashed without a second copy of it in memory.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::document::Plan;

/// The plan's id in lower-case hex.
pub(super) fn plan_id(plan: &Plan) -> String {
    let Plan { version, plan_id: _, now: _, complete, principal, gaps, steps, pending, held, findings, untouched } = plan;
    let mut hash = Hash(Sha256::new());
    // Writing into a hash cannot fail, and neither can turning these plain types into JSON.
    let written = (|| -> io::Result<()> {
        write!(hash, "{{\"complete\":{complete}")?;
        list(&mut hash, "findings", findings)?;
        list(&mut hash, "gaps", gaps)?;
        list(&mut hash, "held", held)?;
        list(&mut hash, "pending", pending)?;
        write!(hash, ",\"principal\":\"{}\"", principal.name())?;
        list(&mut hash, "steps", steps)?;
        list(&mut hash, "untouched", untouched)?;
        write!(hash, ",\"version\":{version}}}")
    })();
    debug_assert!(written.is_ok());
    hash.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn list<T: Serialize>(out: &mut impl Write, name: &str, items: &[T]) -> io::Result<()> {
    write!(out, ",\"{name}\":[")?;
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        canonical(out, &serde_json::to_value(item)?)?;
    }
    out.write_all(b"]")
}

/// Writes `value` with sorted keys, whatever order the JSON library keeps.
fn canonical(out: &mut impl Write, value: &Value) -> io::Result<()> {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            out.write_all(b"{")?;
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.write_all(b",")?;
                }
                serde_json::to_writer(&mut *out, key)?;
                out.write_all(b":")?;
                canonical(out, value)?;
            }
            out.write_all(b"}")
        }
        Value::Array(items) => {
            out.write_all(b"[")?;
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.write_all(b",")?;
                }
                canonical(out, item)?;
            }
            out.write_all(b"]")
        }
        plain => Ok(serde_json::to_writer(out, plain)?),
    }
}

struct Hash(Sha256);

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
