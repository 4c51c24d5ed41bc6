//! The field's terms as types that cannot hold nonsense.
//!
//! A value of one of these types is right by construction: a [`Prefix`] has no host bits, a [`Period`] is
//! not zero, an [`Asn`] is not 0. Everything parses from text by [`FromStr`](std::str::FromStr) with an error that an
//! operator can act on, and prints as BIRD and people write it. Nothing here does I/O.

mod checked;
mod expression;
mod host;
mod names;
mod network;
mod password;
mod period;
mod symbols;
mod version;

pub use expression::{Expression, InvalidExpression};
pub use host::{GroupName, InterfaceName, InvalidHost, Processors, UnitName};
pub use names::{InvalidName, NeighborName, ServiceName};
pub use network::{Asn, Community, Family, InvalidNetwork, LargeCommunity, Prefix};
pub use password::{InvalidPassword, Password};
pub use period::{InvalidPeriod, Period};
pub use symbols::{CredentialName, InvalidSymbol, ProtocolName, VariableName};
pub use version::{BirdVersion, InvalidVersion};
