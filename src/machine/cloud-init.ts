import { Bug } from '../errors';
import type { KeyPair } from './key-pair';

export interface UserDataRequest {
  /** Who we log in as: `root`, or a user that is made with `sudo` and no password. */
  readonly user: string;
  /** The only key that lets anyone in, OpenSSH one-line form. */
  readonly publicKey: string;
  /** The machine's own Ed25519 host key: knowing it beforehand, we trust nobody on first use. */
  readonly hostKey: KeyPair;
  /** Whole minutes after which the machine powers itself off, counted from its first boot. */
  readonly ttlMinutes: number;
  readonly hostname: string;
}

/**
 * Arms the machine's own end; `$1` minutes. Runs early in every boot and may run any number of times: the deadline is
 * set once and kept on disk, so neither a reboot nor a second call puts it off.
 *
 * Three timers, because early in the boot some are not to be had yet: a systemd timer (PID 1 takes it without D-Bus), a
 * plain process, and logind's `shutdown -P`, which is armed again at the end of the first boot. The latter comes five
 * minutes after the others: it forbids new logins five minutes before it fires (pam_nologin), and until the deadline we
 * may still want to fetch what is there.
 *
 * By default a systemd timer starts after sysinit.target, which waits for cloud-init, which waits for us: systemd-run
 * up to 252 waits for the timer's start in spite of `--no-block`, and the machine would never come up (seen on Debian
 * 12). Hence no default dependencies, for the timer to start at once; and in the background, for nothing to hang on it.
 * Its time counts from the boot: what counts from the timer's own start begins anew whenever systemd reads its units
 * again, as after each install of a package.
 */
const armScript = `umask 022
read -r uptime rest </proc/uptime
uptime=\${uptime%.*}
if [ -s /run/cvicast-end ]; then
  read -r end </run/cvicast-end
  left=$((end - uptime))
else
  now=$(date +%s)
  deadline=$((now + $1 * 60))
  mkdir -p /var/lib/cvicast
  [ -s /var/lib/cvicast/deadline ] || echo "$deadline" >/var/lib/cvicast/deadline
  read -r deadline </var/lib/cvicast/deadline
  left=$((deadline - now))
  [ "$left" -gt 0 ] || left=1
  # Within one boot by uptime: the clock may yet be set.
  echo "$((uptime + left))" >/run/cvicast-end
  setsid systemd-run --no-block --unit=cvicast-end --on-boot="$((uptime + left))s" --timer-property=AccuracySec=1s \\
    --timer-property=DefaultDependencies=no --property=DefaultDependencies=no systemctl poweroff </dev/null >/dev/null 2>&1 &
  setsid sh -c 'sleep "$1"; systemctl poweroff; sleep 90; systemctl poweroff --force --force' cvicast "$((left + 30))" </dev/null >/dev/null 2>&1 &
fi
[ "$left" -gt 0 ] || left=0
shutdown -P "+$(((left + 59) / 60 + 5))" || true`;

/** Nobody but us is to hold the package manager's lock, or the machine's few minutes. */
const quietScript = `for unit in apt-daily apt-daily-upgrade; do
  systemctl --no-block stop $unit.timer
  systemctl mask --runtime $unit.timer $unit.service
done
systemctl mask --runtime unattended-upgrades.service
true`;

/**
 * Writes the cloud-init user data of a machine: its host key, one user with one key and no password, an end that it
 * brings about itself. All of it is JSON below the header, which YAML reads as it stands, so no value can be taken
 * for syntax. The text holds a private key: treat it as a secret.
 *
 * `ssh_genkeytypes` is left out on purpose: with `ssh_keys` given, cloud-init makes no further host keys, and its schema
 * refuses an empty list (cloud-init 22.4, config/cc_ssh.py; looked up 2026-11-28).
 *
 * @throws Bug when a value is not what it should be.
 */
export function userData(request: UserDataRequest): string {
  const { user, publicKey, hostKey, ttlMinutes, hostname } = request;
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(user)) throw new Bug(`"${user}" is no user name`);
  if (!Number.isInteger(ttlMinutes) || ttlMinutes < 1) throw new Bug(`${ttlMinutes} is no whole number of minutes`);
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(hostname)) throw new Bug(`"${hostname}" is no host name`);
  const isRoot = user === 'root';
  const arm = ['sh', '-c', armScript, 'cvicast', String(ttlMinutes)];
  const config = {
    hostname,
    manage_etc_hosts: true,
    bootcmd: [arm, ['sh', '-c', quietScript]],
    runcmd: [arm],
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: `${hostKey.privateKey.trim()}\n`, ed25519_public: `${hostKey.publicKey.trim()}\n` },
    ssh_pwauth: false,
    disable_root: !isRoot,
    allow_public_ssh_keys: false,
    users: [
      {
        name: user,
        ssh_authorized_keys: [publicKey.trim()],
        lock_passwd: true,
        shell: '/bin/bash',
        ...(isRoot ? {} : { sudo: 'ALL=(ALL) NOPASSWD:ALL' }),
      },
    ],
    package_update: false,
    package_upgrade: false,
    package_reboot_if_required: false,
  };
  return `#cloud-config\n${JSON.stringify(config, null, 2)}\n`;
}
