//! What was probably meant.

/// ``did you mean `X`?``, or all there is to choose from.
#[must_use]
pub fn did_you_mean(word: &str, known: &[&str]) -> String {
    let distance = |candidate: &&&str| strsim::damerau_levenshtein(word, candidate);
    let nearest = known.iter().min_by_key(distance);
    match nearest {
        Some(nearest) if strsim::damerau_levenshtein(word, nearest) <= 1 + word.len() / 4 => {
            format!("did you mean `{nearest}`?")
        }
        _ => {
            let all: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("known here: {}", all.join(", "))
        }
    }
}
