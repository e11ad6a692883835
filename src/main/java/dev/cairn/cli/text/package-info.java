/** What commands say, and how: amounts, columns, progress, exit codes. */
package dev.cairn.cli.text;
