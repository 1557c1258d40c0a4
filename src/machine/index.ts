// SSH itself is loaded when it is needed: `dial` does so, and `key-pair` and `host` are imported by those who call them.
export { fullDiskThere } from './disk-full';
export { userData, type UserDataRequest } from './cloud-init';
export { connect, type ConnectOptions } from './connect';
export { fingerprint, parsePublicKey, type PublicKey } from './keys';
export { quote } from './quote';
export type * from './types';
