//! The host executes and obeys what is in some of its directories: a program that may write there acts outside.

use super::sources::{self, Shown};
use crate::diagnostic::{Diagnostic, Rule};
use crate::policy::Policy;

pub(super) const RULE: Rule =
    Rule::warning("trusted-path-writable", "the program can write to what the host executes or trusts").why(
        "A sandbox that can write to `/etc/cron.d`, `/usr/bin`, a directory of systemd units or a shell's \
        start files is left by writing a file: cron, a login or the next boot executes it outside, \
        mostly as root. Writable host directories are how containers are left most often (kubernetes' \
        restricted profile and CIS Docker 5.5 forbid them).\n\n\
        Grant the one directory that the program works in, remove `writable`, or seal what is trusted in \
        it. Accept the finding if the program is there to change the host.",
    );

/// Why the host trusts a place.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Programs,
    Libraries,
    Modules,
    Boot,
    Configuration,
    Accounts,
    Schedule,
    Units,
    StartFiles,
    Tools,
    Packages,
    Engine,
    Sockets,
    Keys,
}

impl Kind {
    fn reason(self) -> &'static str {
        match self {
            Self::Programs => "users and services of the host execute the programs in it",
            Self::Libraries => "programs of the host load the code in it",
            Self::Modules => "the host's kernel loads the modules in it",
            Self::Boot => "the machine boots from it",
            Self::Configuration => "services of the host obey it",
            Self::Accounts => "the host decides by it who is root",
            Self::Schedule => "the host executes the commands in it at their time",
            Self::Units => "the host's service manager starts what it names",
            Self::StartFiles => "shells and sessions of the user execute it",
            Self::Tools => "tools of the user execute what it names",
            Self::Packages => "the package manager executes its scripts as root",
            Self::Engine => "container engines execute it as root",
            Self::Sockets => "services of the host are reached by the sockets in it",
            Self::Keys => "it decides who may log in, and what ssh executes",
        }
    }
}

/// The places: everything beneath one is as trusted. Of several the longest counts.
const PLACES: &[(&str, Kind)] = &[
    ("/bin", Kind::Programs),
    ("/boot", Kind::Boot),
    ("/efi", Kind::Boot),
    ("/etc", Kind::Configuration),
    ("/etc/anacrontab", Kind::Schedule),
    ("/etc/bash.bashrc", Kind::StartFiles),
    ("/etc/cron.d", Kind::Schedule),
    ("/etc/cron.daily", Kind::Schedule),
    ("/etc/cron.hourly", Kind::Schedule),
    ("/etc/cron.monthly", Kind::Schedule),
    ("/etc/cron.weekly", Kind::Schedule),
    ("/etc/crontab", Kind::Schedule),
    ("/etc/environment", Kind::StartFiles),
    ("/etc/group", Kind::Accounts),
    ("/etc/init.d", Kind::Units),
    ("/etc/ld.so.conf", Kind::Libraries),
    ("/etc/ld.so.conf.d", Kind::Libraries),
    ("/etc/ld.so.preload", Kind::Libraries),
    ("/etc/modprobe.d", Kind::Modules),
    ("/etc/modules-load.d", Kind::Modules),
    ("/etc/pam.d", Kind::Accounts),
    ("/etc/passwd", Kind::Accounts),
    ("/etc/polkit-1", Kind::Accounts),
    ("/etc/profile", Kind::StartFiles),
    ("/etc/profile.d", Kind::StartFiles),
    ("/etc/rc.local", Kind::Units),
    ("/etc/shadow", Kind::Accounts),
    ("/etc/sudoers", Kind::Accounts),
    ("/etc/sudoers.d", Kind::Accounts),
    ("/etc/systemd", Kind::Units),
    ("/etc/udev", Kind::Units),
    ("/etc/xdg/autostart", Kind::StartFiles),
    ("/etc/zsh", Kind::StartFiles),
    ("/gnu/store", Kind::Programs),
    ("/lib", Kind::Libraries),
    ("/lib/modules", Kind::Modules),
    ("/lib/systemd", Kind::Units),
    ("/lib32", Kind::Libraries),
    ("/lib64", Kind::Libraries),
    ("/libx32", Kind::Libraries),
    ("/nix", Kind::Programs),
    ("/opt/*/bin", Kind::Programs),
    ("/opt/*/lib", Kind::Libraries),
    ("/opt/*/sbin", Kind::Programs),
    ("/opt/bin", Kind::Programs),
    ("/run/containerd", Kind::Engine),
    ("/run/dbus", Kind::Sockets),
    ("/run/docker", Kind::Engine),
    ("/run/systemd", Kind::Units),
    ("/run/udev", Kind::Units),
    ("/run/user/*/bus", Kind::Sockets),
    ("/run/user/*/systemd", Kind::Units),
    ("/sbin", Kind::Programs),
    ("/snap", Kind::Programs),
    ("/usr", Kind::Programs),
    ("/usr/lib", Kind::Libraries),
    ("/usr/lib/modules", Kind::Modules),
    ("/usr/lib/systemd", Kind::Units),
    ("/usr/lib64", Kind::Libraries),
    ("/usr/local/lib", Kind::Libraries),
    ("/var/lib/cloud", Kind::Units),
    ("/var/lib/containerd", Kind::Engine),
    ("/var/lib/containers", Kind::Engine),
    ("/var/lib/docker", Kind::Engine),
    ("/var/lib/dpkg", Kind::Packages),
    ("/var/lib/flatpak", Kind::Programs),
    ("/var/lib/kubelet", Kind::Engine),
    ("/var/lib/rpm", Kind::Packages),
    ("/var/lib/snapd", Kind::Programs),
    ("/var/lib/systemd", Kind::Units),
    ("/var/spool/anacron", Kind::Schedule),
    ("/var/spool/at", Kind::Schedule),
    ("/var/spool/cron", Kind::Schedule),
    ("${run.runtime_dir}/bus", Kind::Sockets),
    ("${run.runtime_dir}/systemd", Kind::Units),
    ("~/.aws", Kind::Tools),
    ("~/.bash_aliases", Kind::StartFiles),
    ("~/.bash_login", Kind::StartFiles),
    ("~/.bash_logout", Kind::StartFiles),
    ("~/.bash_profile", Kind::StartFiles),
    ("~/.bashrc", Kind::StartFiles),
    ("~/.cargo/bin", Kind::Programs),
    ("~/.cargo/config.toml", Kind::Tools),
    ("~/.config/autostart", Kind::StartFiles),
    ("~/.config/emacs", Kind::Tools),
    ("~/.config/environment.d", Kind::StartFiles),
    ("~/.config/fish", Kind::StartFiles),
    ("~/.config/git", Kind::Tools),
    ("~/.config/nvim", Kind::Tools),
    ("~/.config/systemd", Kind::Units),
    ("~/.docker", Kind::Tools),
    ("~/.emacs", Kind::Tools),
    ("~/.emacs.d", Kind::Tools),
    ("~/.gdbinit", Kind::Tools),
    ("~/.gitconfig", Kind::Tools),
    ("~/.gnupg", Kind::Tools),
    ("~/.inputrc", Kind::StartFiles),
    ("~/.kshrc", Kind::StartFiles),
    ("~/.kube", Kind::Tools),
    ("~/.local/bin", Kind::Programs),
    ("~/.local/lib", Kind::Libraries),
    ("~/.local/share/applications", Kind::StartFiles),
    ("~/.local/share/systemd", Kind::Units),
    ("~/.npmrc", Kind::Tools),
    ("~/.pam_environment", Kind::StartFiles),
    ("~/.profile", Kind::StartFiles),
    ("~/.ssh", Kind::Keys),
    ("~/.tmux.conf", Kind::Tools),
    ("~/.vim", Kind::Tools),
    ("~/.vimrc", Kind::Tools),
    ("~/.vscode", Kind::Tools),
    ("~/.xinitrc", Kind::StartFiles),
    ("~/.xprofile", Kind::StartFiles),
    ("~/.xsession", Kind::StartFiles),
    ("~/.xsessionrc", Kind::StartFiles),
    ("~/.zlogin", Kind::StartFiles),
    ("~/.zlogout", Kind::StartFiles),
    ("~/.zprofile", Kind::StartFiles),
    ("~/.zshenv", Kind::StartFiles),
    ("~/.zshrc", Kind::StartFiles),
    ("~/bin", Kind::Programs),
];

pub(super) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let writable = sources::shown(policy).into_iter().filter(|shown| shown.writable);
    writable.filter_map(|shown| finding(policy, &shown)).collect()
}

fn finding(policy: &Policy, shown: &Shown<'_>) -> Option<Diagnostic> {
    let source = &shown.source;
    let (message, kind, help, places) = match shown.within(PLACES) {
        Some(kind) => (
            format!("`{source}` of the host is writable"),
            kind,
            "remove `writable`, or bind a directory of the program's own",
            Vec::new(),
        ),
        None => {
            let places = shown.beneath(PLACES, &policy.filesystem);
            let (_, kind) = *places.first()?;
            let message =
                format!("`{source}` of the host is writable, with {} in it", sources::and_more(&places));
            (message, kind, "bind only the directory that the program works in", places)
        }
    };
    Some(RULE.at(shown.span, message).label(kind.reason()).evidence(shown.evidence(&places)).help(help))
}
