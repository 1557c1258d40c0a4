import { execFileSync } from 'node:child_process';

/** How this computer's apt comes to its packages: what a guest needs to reach them on the same way. */
export interface AptAccess {
  /** Lines of a sources.list. */
  readonly sources: readonly string[];
  /** Lines of an apt.conf: proxies, certificates, how old a list may be. */
  readonly options: readonly string[];
}

/** Reads it from apt itself, at run time: every computer has its own mirrors. */
export function aptAccess(): AptAccess {
  const format = '$(ORIGIN)\t$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)';
  const targets = execFileSync('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  const sources = targets.split('\n').flatMap((line) => {
    const [origin, uri, release, component] = line.split('\t');
    return origin === 'Debian' ? [`deb ${uri} ${release} ${component}`] : [];
  });
  if (sources.length === 0) throw new Error('apt on this computer knows no lists of Debian: run apt-get update');
  const options = execFileSync('apt-config', ['dump'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) =>
      /^Acquire::(?:\S+::)?(?:Proxy|Verify-Peer|CAInfo|Check-Valid-Until|Check-Date) "[^"]/i.test(line),
    );
  return { sources, options };
}
