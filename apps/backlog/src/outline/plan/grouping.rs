//! Areas out of single capabilities, and fewer areas out of many.

use super::{Area, Origin};
use crate::{
    english::{clip, gerund, keywords, list_of, lower_first, plural, upper_first},
    vision::{Capability, Theme, Vision},
};
use std::collections::HashMap;

/// Capabilities that are grouped by what they share; more are grouped by their order.
const MAX_CLUSTERED: usize = 160;
/// Longest title of an epic, in characters.
const MAX_TITLE: usize = 60;

/// The vision's capabilities without a theme, in at most `groups` themes.
pub(super) fn loose_themes(vision: &Vision, groups: usize) -> Vec<Theme> {
    let all = &vision.loose;
    if all.is_empty() {
        return Vec::new();
    }
    // A theme of one or two capabilities is none.
    let groups = groups.min(all.len() / 3).max(1);
    let members = if all.len() > MAX_CLUSTERED { by_order(all.len(), groups) } else { by_words(all, groups) };
    let mut titles: Vec<String> = Vec::new();
    let mut themes = Vec::new();
    for group in members {
        let capabilities: Vec<Capability> = group.iter().map(|index| all[*index].clone()).collect();
        let mut title = name_of(&capabilities);
        if titles.contains(&title) {
            title = clip(&format!("{title} ({})", themes.len() + 1), MAX_TITLE);
        }
        titles.push(title.clone());
        themes.push(Theme { title, text: String::new(), capabilities });
    }
    themes
}

/// At most `wanted` areas: neighbours are merged, the smallest first.
pub(super) fn fitted(mut areas: Vec<Area>, wanted: usize) -> Vec<Area> {
    let mut names: Vec<Vec<String>> = areas.iter().map(|area| vec![area.title.clone()]).collect();
    while areas.len() > wanted.max(1) {
        let size = |at: &usize| areas[*at].size() + areas[at + 1].size();
        let Some(at) = (0..areas.len() - 1).min_by_key(size) else { break };
        let second = areas.remove(at + 1);
        let more = names.remove(at + 1);
        names[at].extend(more);
        let first = &mut areas[at];
        first.parts.extend(second.parts);
        if second.origin == Origin::Vision {
            first.origin = Origin::Vision;
        }
    }
    for (area, names) in areas.iter_mut().zip(names) {
        area.title = joined(&names);
    }
    areas
}

/// Several titles as one of at most 60 characters.
fn joined(names: &[String]) -> String {
    let lower = |names: &[String]| {
        let rest = names.iter().skip(1).map(|name| lower_first(name));
        let all: Vec<String> = names.iter().take(1).cloned().chain(rest).collect();
        // `Kitchen and stock, billing and reports`: one `and` is enough.
        if all.iter().any(|name| name.contains(" and ")) { all.join(", ") } else { list_of(&all) }
    };
    let fits = |title: &String| title.chars().count() <= MAX_TITLE;
    let whole = lower(names);
    if fits(&whole) {
        return whole;
    }
    let short: Vec<String> =
        names.iter().map(|name| name.split(" and ").next().unwrap_or(name).to_owned()).collect();
    for count in (1..=short.len()).rev() {
        let title = lower(&short[..count]);
        if fits(&title) {
            return title;
        }
    }
    clip(&whole, MAX_TITLE)
}

fn by_order(count: usize, groups: usize) -> Vec<Vec<usize>> {
    let size = count.div_ceil(groups);
    (0..count).collect::<Vec<_>>().chunks(size).map(<[usize]>::to_vec).collect()
}

/// Groups of capabilities that share actors and rare words: the two nearest groups are joined until few enough are left.
fn by_words(all: &[Capability], groups: usize) -> Vec<Vec<usize>> {
    let words: Vec<Vec<String>> = all.iter().map(|capability| keywords(&capability.text)).collect();
    let mut spread: HashMap<&str, usize> = HashMap::new();
    for word in words.iter().flatten() {
        *spread.entry(word).or_default() += 1;
    }
    // A word that stands in half of them tells nothing apart.
    let weight = |word: &String| {
        let count = spread.get(word.as_str()).copied().unwrap_or(1);
        if count * 2 > all.len() { 0.0 } else { 1.0 / count as f64 }
    };
    let nearness = |a: usize, b: usize| {
        let shared: f64 = words[a].iter().filter(|word| words[b].contains(word)).map(weight).sum();
        let same = all[a].action.actor.is_some() && all[a].action.actor == all[b].action.actor;
        let distance = a.abs_diff(b) as f64 / all.len() as f64;
        shared + if same { 0.35 } else { 0.0 } + 0.15 * (1.0 - distance)
    };
    let most = all.len().div_ceil(groups) + 2;
    let mut clusters: Vec<Vec<usize>> = (0..all.len()).map(|index| vec![index]).collect();
    while clusters.len() > groups {
        let mut best: Option<(f64, usize, usize)> = None;
        for a in 0..clusters.len() {
            for b in a + 1..clusters.len() {
                if clusters[a].len() + clusters[b].len() > most {
                    continue;
                }
                let pairs = clusters[a].iter().flat_map(|x| clusters[b].iter().map(|y| nearness(*x, *y)));
                let mean = pairs.sum::<f64>() / (clusters[a].len() * clusters[b].len()) as f64;
                if best.is_none_or(|(nearest, _, _)| mean > nearest) {
                    best = Some((mean, a, b));
                }
            }
        }
        let Some((_, a, b)) = best else { break };
        let joined = clusters.remove(b);
        clusters[a].extend(joined);
        clusters[a].sort_unstable();
    }
    // One alone joins its nearest, however large that is.
    while let Some(alone) =
        clusters.iter().position(|cluster| cluster.len() == 1).filter(|_| clusters.len() > 1)
    {
        let member = clusters.remove(alone)[0];
        let mean = |cluster: &[usize]| {
            cluster.iter().map(|other| nearness(member, *other)).sum::<f64>() / cluster.len() as f64
        };
        let nearest = (0..clusters.len()).max_by(|a, b| mean(&clusters[*a]).total_cmp(&mean(&clusters[*b])));
        if let Some(nearest) = nearest {
            clusters[nearest].push(member);
            clusters[nearest].sort_unstable();
        }
    }
    clusters.sort();
    clusters
}

/// Verbs that say nothing without what follows their object.
const LIGHT: &[&str] =
    &["put", "keep", "take", "set", "make", "give", "hand", "have", "get", "check", "bring", "hold"];

/// A name for a group: who it is for, where that is one, and what they do first.
fn name_of(capabilities: &[Capability]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for capability in capabilities {
        let action = &capability.action;
        let part = match &capability.label {
            Some(label) => lower_first(&clip(label, 28)),
            None if action.is_thing() => clip(&plural(&action.object), 28),
            None if LIGHT.contains(&action.verb.as_str()) => {
                clip(&format!("{} {}", gerund(&action.verb), action.rest), 32)
            }
            None => {
                let noun = action.rest.strip_suffix(action.tail.as_str()).unwrap_or(&action.rest).trim();
                clip(&format!("{} {noun}", gerund(&action.verb)), 32)
            }
        };
        let words = keywords(&part);
        let told =
            parts.iter().any(|known| keywords(known).iter().filter(|word| words.contains(word)).count() > 1);
        if !part.is_empty() && !told {
            parts.push(part);
        }
    }
    parts.truncate(2);
    upper_first(&clip(&list_of(&parts), MAX_TITLE))
}
