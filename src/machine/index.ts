export { fullDiskThere } from './disk-full';
export { userData, type UserDataRequest } from './cloud-init';
export { connect, type ConnectOptions } from './connect';
export { fingerprint, makeKeyPair, parsePublicKey, type KeyPair, type PublicKey } from './keys';
export { parseHost, targetOfHost, type HostAddress, type HostChoice } from './host';
export { quote } from './quote';
export type * from './types';
