/**
 * Waits for every one of the promises, and only then throws the first failure: no call is still in flight when a
 * caller starts to clean up.
 */
export async function together<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
