/** Models and adapters that are made up to be measured with. */
package dev.cairn.benchmarks.models;
