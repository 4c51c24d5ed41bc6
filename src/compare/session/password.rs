//! Passwords, which stand in a file of their own: a session is reset if only what is behind the name of its
//! constant changes.

use super::{Pair, Reason, SessionChange};
use crate::compare::SecretChange;

/// A session whose password stands for something else is reset, whatever else happens to it.
pub(in crate::compare) fn add_secrets(
    sessions: &mut Vec<SessionChange>,
    kept: &[KeptPassword],
    changes: &[SecretChange],
) {
    for kept in kept {
        let is_changed = changes
            .iter()
            .any(|change| matches!(change, SecretChange::Changed(name) if *name == kept.constant));
        if !is_changed {
            continue;
        }
        reset(sessions, kept);
    }
}

fn reset(sessions: &mut Vec<SessionChange>, kept: &KeptPassword) {
    let what = format!("the password behind {}", kept.constant);
    let reason = Reason::new(&what, None, None);
    let own = sessions.iter_mut().find(|change| match change {
        SessionChange::Resets { session, .. } | SessionChange::Stays { session, .. } => {
            *session == kept.session
        }
        SessionChange::Added { .. } | SessionChange::Removed { .. } => false,
    });
    if let Some(SessionChange::Resets { reasons, .. }) = own {
        reasons.push(reason);
        return;
    }
    let resets = SessionChange::Resets {
        session: kept.session.clone(),
        neighbor: kept.neighbor.clone(),
        reasons: vec![reason],
    };
    match own {
        Some(stays) => *stays = resets,
        None => sessions.push(resets),
    }
}

/// A session in both files whose password is the same constant in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::compare) struct KeptPassword {
    session: String,
    neighbor: String,
    constant: String,
}

pub(in crate::compare) fn kept_passwords(pairs: &[Pair<'_>]) -> Vec<KeptPassword> {
    let both = pairs
        .iter()
        .filter_map(|pair| pair.old.as_ref().zip(pair.new.as_ref()));
    let kept = both.filter_map(|(old, new)| {
        let constant = new.password()?;
        (old.password() == Some(constant)).then(|| KeptPassword {
            session: new.name.to_owned(),
            neighbor: new.neighbor.to_owned(),
            constant: constant.to_owned(),
        })
    });
    kept.collect()
}
