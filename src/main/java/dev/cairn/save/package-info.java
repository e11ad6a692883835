/**
 * One save, from what a trainer hands over to the commit: ranks agree on a form and a plan, on who
 * writes, copy, and rank 0 commits.
 */
package dev.cairn.save;
