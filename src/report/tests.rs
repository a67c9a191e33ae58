//! Messages as people and machines get them.
