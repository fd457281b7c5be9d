"""TwoShot's API: people, their sample libraries, audio, licences."""
