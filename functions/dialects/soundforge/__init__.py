"""SoundForge's API: songs of Spotify, downloads, separation, analysis, mixing, and the files of all that."""
