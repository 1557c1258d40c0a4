import { ensureEngine } from '../engine/install';

/** The engine, installed first where it is missing; its place is then known to the engine's own search. */
export async function requireEngine(home: string, env: NodeJS.ProcessEnv, say: (line: string) => void): Promise<void> {
  await ensureEngine({ home, env, say });
}
