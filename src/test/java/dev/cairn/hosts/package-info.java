/** Ranks on several hosts, which are network namespaces of one machine. Tests alone. */
package dev.cairn.hosts;
