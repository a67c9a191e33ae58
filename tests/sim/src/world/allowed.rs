//! Allowed AMIs: which images of other accounts an account sees and can use in a Region.

/// One criterion. An image must meet everything it says; what it leaves out does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageCriterion {
    /// Account ids, `amazon`, `aws-marketplace`, `aws-backup-vault`, or `none`: no other account's at all.
    pub providers: Vec<String>,
    pub product_codes: Vec<String>,
    /// With `*` and `?`.
    pub names: Vec<String>,
    pub max_days_since_deprecated: Option<i64>,
    pub max_days_since_created: Option<i64>,
}

impl ImageCriterion {
    /// The images of these accounts or aliases.
    pub fn of<'a>(providers: impl IntoIterator<Item = &'a str>) -> Self {
        Self { providers: providers.into_iter().map(str::to_owned).collect(), ..Self::default() }
    }
}

/// The setting of a Region. Meeting any criterion is enough; an account's own images always are allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedImages {
    /// `disabled`, `audit-mode` or `enabled`.
    pub state: String,
    pub criteria: Vec<ImageCriterion>,
    /// Set by a declarative policy, so that the account cannot change it.
    pub declarative: bool,
}

impl Default for AllowedImages {
    fn default() -> Self {
        Self { state: "disabled".to_owned(), criteria: Vec::new(), declarative: false }
    }
}
