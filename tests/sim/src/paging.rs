//! Pages: a size, a token, and the promise that all pages together are the whole.
//!
//! A token remembers the last key it led past, not a number, so that what vanishes between two pages makes
//! nobody skip anything.

use crate::api::Call;
use crate::error::AwsError;
use crate::world::World;

/// The sizes a listing knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// The name of the size's parameter.
    pub(crate) parameter: &'static str,
    pub(crate) least: usize,
    pub(crate) most: usize,
    /// Without a size: so many, or everything at once.
    pub(crate) default: Option<usize>,
    /// What a token that was never given out is called.
    pub(crate) bad_token: &'static str,
    /// What a size out of bounds is called.
    pub(crate) bad_size: &'static str,
}

/// DescribeImages, -Snapshots, -Instances, -Volumes: 5 to 1,000, without a size everything.
pub(crate) const LARGE: Sizes = Sizes {
    parameter: "MaxResults",
    least: 5,
    most: 1000,
    default: None,
    bad_token: "InvalidPaginationToken",
    bad_size: "InvalidParameterValue",
};

impl Sizes {
    /// What the token's parameter is called: services that write `maxResults` write `nextToken`.
    fn token(self) -> &'static str {
        if self.parameter.starts_with(char::is_lowercase) { "nextToken" } else { "NextToken" }
    }
}

/// One page.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
}

/// The page of `all` that a call asks for. The keys decide the order.
pub(crate) fn page<K: AsRef<str>, T>(world: &World, call: &Call, sizes: Sizes, mut all: Vec<(K, T)>) -> Result<Page<T>, AwsError> {
    all.sort_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref()));
    let size = size(world, call, sizes)?;
    let request = call.params.fingerprint(&[sizes.token(), sizes.parameter, "Version"]);
    let token = call.params.get(sizes.token()).filter(|token| !token.is_empty());
    let after = token.map(|token| read(token, request, sizes)).transpose()?;
    if let Some(after) = &after {
        all.retain(|(key, _)| key.as_ref() > after.as_str());
    }
    if world.settings.empty_first_pages && size.is_some() && token.is_none() {
        return Ok(Page { items: Vec::new(), next: Some(write("", request)) });
    }
    let more = size.is_some_and(|size| all.len() > size);
    if let Some(size) = size {
        all.truncate(size);
    }
    let mut next = all.last().filter(|_| more).map(|(key, _)| write(key.as_ref(), request));
    if call.looping {
        next = Some(token.map_or_else(|| write("", request), str::to_owned));
    }
    Ok(Page { items: all.into_iter().map(|(_, item)| item).collect(), next })
}

fn size(world: &World, call: &Call, sizes: Sizes) -> Result<Option<usize>, AwsError> {
    let asked = call.params.integer(sizes.parameter).map_err(|error| AwsError::client(sizes.bad_size, error.message))?;
    let size = match asked {
        None => sizes.default,
        Some(asked) => {
            let parameter = sizes.parameter;
            let complain = |bound: String| {
                let message = format!("Value ( {asked} ) for parameter {parameter} is invalid. Expecting a value {bound}");
                AwsError::client(sizes.bad_size, message)
            };
            let size = usize::try_from(asked).unwrap_or(0);
            if size < sizes.least {
                return Err(complain(format!("greater than or equal to {}.", sizes.least)));
            }
            if size > sizes.most {
                return Err(complain(format!("less than or equal to {}.", sizes.most)));
            }
            Some(size)
        }
    };
    Ok(match (size, world.settings.page_limit) {
        (Some(size), Some(limit)) => Some(size.min(limit.max(1))),
        (size, _) => size,
    })
}

/// Hexadecimal of the request's fingerprint and the last key.
fn write(key: &str, request: u64) -> String {
    let text = format!("{request:016x}{key}");
    text.bytes().map(|byte| format!("{:02x}", byte ^ 0x5a)).collect()
}

fn read(token: &str, request: u64, sizes: Sizes) -> Result<String, AwsError> {
    let bytes: Option<Vec<u8>> = (0..token.len())
        .step_by(2)
        .map(|at| token.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()).map(|byte| byte ^ 0x5a))
        .collect();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.strip_prefix(&format!("{request:016x}")).map(str::to_owned))
        .ok_or_else(|| AwsError::client(sizes.bad_token, "The specified pagination token is not valid or is expired."))
}
