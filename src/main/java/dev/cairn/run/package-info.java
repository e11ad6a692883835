/** How saves of a run go on in the background, when they are due, and what ends them. */
package dev.cairn.run;
