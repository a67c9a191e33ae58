//! Cedar: schema, loading, strict validation, facts to entities, verdicts.
