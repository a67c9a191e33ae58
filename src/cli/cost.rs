//! What was asked of AWS, and what it cost: a table per place for `-v`, on stderr.

use std::fmt::Write as _;
use std::time::Duration;

use crate::aws::{Aws, RequestCount};
use crate::model::Place;

/// Prints the table, if somebody wants to hear that much.
pub(super) fn tell(aws: &Aws, verbose: u8) {
    if verbose > 0 {
        anstream::eprint!("{}", table(&aws.requests().all()));
    }
}

/// Requests, bytes and seconds by place and call, sorted, with a total for each place and one for all of them.
fn table(counts: &[RequestCount]) -> String {
    let mut text = format!("{:48} {:>9} {:>12} {:>10}\n", "asked of AWS, retries included", "requests", "bytes", "seconds");
    let mut rest = counts;
    while let Some(RequestCount { place, .. }) = rest.first() {
        let end = rest.iter().position(|count| count.place != *place).unwrap_or(rest.len());
        let (here, others) = rest.split_at(end);
        line(&mut text, &heading(place), sum(here));
        for count in here {
            line(&mut text, &format!("  {}", count.api), (count.sent, count.bytes, count.waited));
        }
        rest = others;
    }
    line(&mut text, "in all", sum(counts));
    text += "bytes are those of the answers' bodies; seconds are added up over requests that were under way at the same time\n";
    text
}

/// Who is asked who we are does not know yet.
fn heading(place: &Place) -> String {
    match place.account.as_str() {
        "-" => format!("{}, before the account was known", place.region),
        account => format!("{account} {}", place.region),
    }
}

fn sum(counts: &[RequestCount]) -> (u64, u64, Duration) {
    counts.iter().fold((0, 0, Duration::ZERO), |(sent, bytes, waited), count| {
        (sent + count.sent, bytes.saturating_add(count.bytes), waited.saturating_add(count.waited))
    })
}

fn line(text: &mut String, name: &str, (sent, bytes, waited): (u64, u64, Duration)) {
    let _ = writeln!(text, "{name:48} {sent:>9} {bytes:>12} {:>10.3}", waited.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(account: &str, region: &str, api: &str, sent: u64) -> RequestCount {
        let place = Place::new(account, region);
        RequestCount { place, api: api.into(), sent, bytes: sent * 1000, waited: Duration::from_millis(sent * 200) }
    }

    #[test]
    fn every_place_has_its_calls_and_a_sum() {
        let counts = [
            count("-", "us-east-1", "GetCallerIdentity", 1),
            count("111111111111", "eu-west-1", "DescribeImages", 50),
            count("111111111111", "eu-west-1", "DescribeSnapshots", 101),
            count("111111111111", "us-east-1", "DescribeImages", 1),
        ];
        insta::assert_snapshot!(table(&counts), @r"
        asked of AWS, retries included                    requests        bytes    seconds
        us-east-1, before the account was known                  1         1000      0.200
          GetCallerIdentity                                      1         1000      0.200
        111111111111 eu-west-1                                 151       151000     30.200
          DescribeImages                                        50        50000     10.000
          DescribeSnapshots                                    101       101000     20.200
        111111111111 us-east-1                                   1         1000      0.200
          DescribeImages                                         1         1000      0.200
        in all                                                 153       153000     30.600
        bytes are those of the answers' bodies; seconds are added up over requests that were under way at the same time
        ");
    }
}
