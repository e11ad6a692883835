/** How long the parts of a save take: for its report, for listeners, for Java Flight Recorder. */
package dev.cairn.meter;
