/**
 * What tests of many packages use: ranks as threads or processes, a model whose elements are known,
 * disks that fail, other programs. Tests nothing itself.
 */
package dev.cairn.support;
