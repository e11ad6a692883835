#!/usr/bin/env bash
mkdir -p target/native
