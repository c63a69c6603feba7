"""What every stage needs: files, errors, JSON values, languages, plug-ins, provenance."""
