# Lets a sealed launcher make user namespaces where AppArmor restricts them to programs with a profile, as Ubuntu does since
# 23.10 (kernel.apparmor_restrict_unprivileged_userns). Write your launcher's path, then, as root:
#   install -m 644 apparmor.profile /etc/apparmor.d/boxwright-web && apparmor_parser -r /etc/apparmor.d/boxwright-web
abi <abi/4.0>,
include <tunables/global>

profile boxwright-web /usr/local/bin/web flags=(unconfined) {
  userns,
}
