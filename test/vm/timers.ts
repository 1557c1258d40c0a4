import type { Machine } from '../../src/machine';
import { answer, type Guest } from './guest';
import { expectThat, type Proofs } from './proofs';
import type { Vm } from './vm';

const seconds = (text: string): number => Number(text);

/** A span as systemd words it: `1h 2min 3.5s`. */
function spanSeconds(text: string): number {
  const units = { h: 3600, min: 60, s: 1, ms: 0.001, us: 0.000001 } as const;
  const parts = [...text.matchAll(/([\d.]+)(h|min|s|ms|us)\b/g)];
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * units[unit as keyof typeof units], 0);
}

/** Is the systemd timer armed for the deadline? */
async function timerLeft(guest: Guest, machine: Machine): Promise<string> {
  const show = await answer(
    ...([machine, 'systemctl', 'show', 'cvicast-end.timer'] as const),
    ...['--property=ActiveState', '--property=NextElapseUSecMonotonic'],
  );
  expectThat(show.includes('ActiveState=active'), show);
  const next = spanSeconds(/Monotonic=(.*)/.exec(show)?.[1] ?? '');
  const end = seconds(await answer(machine, 'cat', '/run/cvicast-end'));
  const uptime = seconds(await answer(machine, 'cut', '-d.', '-f1', '/proc/uptime'));
  expectThat(Math.abs(next - end) < 60, `it is armed for ${next} s after the boot, not for ${end}`);
  expectThat(end > uptime && end - uptime <= guest.ttlMinutes * 60, `${end - uptime} s are left`);
  return `${end - uptime} s are left of ${guest.ttlMinutes * 60}`;
}

/** Installing packages makes systemd read its units anew, and their timers with them. */
export async function proveStillArmed(proofs: Proofs, guest: Guest, machine: Machine): Promise<void> {
  await proofs.prove('what the bootstrap installed has not put the timer off', () => timerLeft(guest, machine));
}

/** What cloud-init made of the user data, and the end that the machine is to bring about itself. */
export async function proveArmed(proofs: Proofs, guest: Guest, machine: Machine): Promise<void> {
  await proofs.prove('cloud-init took the user data without a complaint', async () => {
    const status = await answer(machine, 'cloud-init', 'status', '--wait', '--long');
    expectThat(/^status: done$/m.test(status), status);
    return (await answer(machine, 'sudo', '-n', 'cloud-init', 'schema', '--system')).replaceAll('\n', '; ');
  });
  await proofs.prove('a systemd timer powers the machine off at its deadline', async () => {
    const unit = await answer(machine, 'systemctl', 'cat', 'cvicast-end.service');
    expectThat(/^ExecStart=.*systemctl.* "?poweroff"?$/m.test(unit), unit);
    return timerLeft(guest, machine);
  });
  await proofs.prove('a plain process waits for the same', async () => {
    const found = await answer(machine, 'pgrep', '--full', '--list-full', '^sh -c sleep .* cvicast [0-9]+$');
    return `process ${found.split(' ')[0] ?? ''}`;
  });
  await proofs.prove('`shutdown -P` stands behind both', async () => {
    const scheduled = await answer(machine, 'cat', '/run/systemd/shutdown/scheduled');
    const at = seconds(/^USEC=(\d+)$/m.exec(scheduled)?.[1] ?? '') / 1e6;
    const deadline = seconds(await answer(machine, 'cat', '/var/lib/cvicast/deadline'));
    expectThat(/^MODE=poweroff$/m.test(scheduled), scheduled);
    expectThat(at >= deadline + 240 && at <= deadline + 420, `it comes ${at - deadline} s after the deadline`);
    return `${((at - deadline) / 60).toFixed(1)} min after the deadline`;
  });
  await proofs.prove("the distribution's own package runs are put off", async () => {
    for (const unit of ['apt-daily.timer', 'apt-daily-upgrade.timer', 'unattended-upgrades.service']) {
      const { stdout } = await machine.exec(['systemctl', 'show', unit, '--property=LoadState,ActiveState', '--value']);
      expectThat(!stdout.split('\n').includes('active'), `${unit}: ${stdout}`);
    }
    return 'apt-daily, apt-daily-upgrade, unattended-upgrades';
  });
}

/** Waits until the machine has powered itself off; nobody has connected to it. */
export async function proveEnd(proofs: Proofs, guest: Guest, vm: Vm): Promise<void> {
  await proofs.prove(`a machine that nobody speaks to powers itself off after ${guest.ttlMinutes} min`, async () => {
    // Far beyond boot and deadline.
    const limit = performance.now() + (guest.ttlMinutes + 6) * 60_000;
    while (!vm.hasEnded()) {
      if (performance.now() > limit) throw new Error(`it still runs; its console:\n${vm.console().slice(-1500)}`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    const console = vm.console();
    const off = seconds(/\[ *(\d+\.\d+)\] reboot: Power down/.exec(console)?.[1] ?? 'NaN');
    const armed = seconds(/Cloud-init v\. \S+ running 'init' at .* Up (\d+\.\d+) seconds/.exec(console)?.[1] ?? 'NaN');
    expectThat(
      off - armed >= guest.ttlMinutes * 60,
      `off at ${off} s, cloud-init began at ${armed} s:\n${console.slice(-1500)}`,
    );
    return `armed ${armed.toFixed(0)} s after its boot began, off at ${off.toFixed(0)} s`;
  });
}
