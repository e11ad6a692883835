/**
 * A folder's life: made under a temporary name, owned while its writer lives, committed by a
 * rename, or swept when its owner is dead.
 */
package dev.cairn.commit;
