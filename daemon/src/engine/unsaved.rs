//! What happened while the disk refused it, until it is tried again.

use std::collections::HashMap;

use vodpost_protocol::ids::Token;

use crate::core::artifact::WorkerReport;
use crate::core::input::{Input, Usage};

/// A copy of what nobody would say again.
pub(super) fn retry_of(input: &Input) -> Option<Input> {
    match input {
        Input::Started => Some(Input::Started),
        Input::Worker(WorkerReport::Progress(_)) => None,
        Input::Worker(report @ (WorkerReport::Ready { .. } | WorkerReport::Failed { .. })) => {
            Some(Input::Worker(report.clone()))
        }
        Input::Trashed { video, result } => Some(Input::Trashed { video: *video, result: result.clone() }),
        Input::Usage(used) => Some(Input::Usage(used.clone())),
        // A client hears of the failure; the rest comes again.
        Input::Command { .. } | Input::Scanned(_) | Input::ArtifactLost { .. } => None,
        Input::EventsExpired { .. } | Input::Tick => None,
    }
}

/// Use goes on while the disk refuses; all of it becomes one input, so that it does not grow with the time.
pub(super) fn gathered(inputs: Vec<Input>) -> Vec<Input> {
    let mut used: HashMap<Token, Usage> = HashMap::new();
    let mut others = Vec::with_capacity(inputs.len());
    for input in inputs {
        match input {
            Input::Usage(more) => {
                for usage in more {
                    add(&mut used, usage);
                }
            }
            Input::Started | Input::Worker(_) | Input::Trashed { .. } | Input::Command { .. } => {
                others.push(input)
            }
            Input::Scanned(_) | Input::ArtifactLost { .. } | Input::EventsExpired { .. } | Input::Tick => {
                others.push(input)
            }
        }
    }
    if !used.is_empty() {
        others.push(Input::Usage(used.into_values().collect()));
    }
    others
}

/// More referring hosts than these are not remembered anyway.
const REFERRERS_MAX: usize = 64;

fn add(used: &mut HashMap<Token, Usage>, more: Usage) {
    let Some(known) = used.get_mut(&more.token) else {
        used.insert(more.token, more);
        return;
    };
    known.views += more.views;
    known.bytes += more.bytes;
    known.watched |= more.watched;
    for (host, views) in more.referrers {
        if let Some((_, known)) = known.referrers.iter_mut().find(|(known, _)| *known == host) {
            *known += views;
        } else if known.referrers.len() < REFERRERS_MAX {
            known.referrers.push((host, views));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn use_adds_up_and_all_else_stays_in_order() {
        let usage = |token, host: &str| Usage {
            token: Token::from_random(token),
            views: 1,
            bytes: 10,
            watched: true,
            referrers: vec![(host.to_owned(), 1)],
        };
        let used =
            |tokens: &[u128]| Input::Usage(tokens.iter().map(|token| usage(*token, "a.example")).collect());
        let inputs = vec![used(&[1, 2]), Input::Started, used(&[1]), Input::Tick, used(&[1])];
        let gathered = gathered(inputs);
        let [Input::Started, Input::Tick, Input::Usage(used)] = &*gathered else { panic!("{gathered:?}") };
        let first = used.iter().find(|usage| usage.token == Token::from_random(1)).unwrap();
        assert_eq!(
            (first.views, first.bytes, &*first.referrers),
            (3, 30, &[("a.example".to_owned(), 3)][..])
        );
        assert_eq!(used.len(), 2);
        let hosts = (0..1000).map(|host| Input::Usage(vec![usage(1, &host.to_string())])).collect();
        let gathered = super::gathered(hosts);
        let [Input::Usage(used)] = &*gathered else { panic!("{gathered:?}") };
        assert_eq!((used[0].views, used[0].referrers.len()), (1000, REFERRERS_MAX));
    }
}
