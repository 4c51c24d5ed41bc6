//! Where everything is unless the configuration says otherwise, also for those who have to do without one.

/// BIRD's control socket (`bird.socket`), where Debian has it.
pub const BIRD_SOCKET: &str = "/run/bird/bird.ctl";

/// BIRD's configuration (`bird.config`).
pub const BIRD_CONFIG: &str = "/etc/bird/bird.conf";

/// The intent files (`bird.intent_dir`).
pub const INTENT_DIR: &str = "/run/anycastctl/intent";

/// Our control socket (`daemon.control`).
pub const CONTROL: &str = "/run/anycastctl/control.sock";

/// Orders and history (`daemon.state_dir`).
pub const STATE_DIR: &str = "/var/lib/anycastctl";
