"""lorryscan driver of the Acme Air-2 CO2 probe."""
