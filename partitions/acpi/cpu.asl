/* One processor.  acpi.c puts one of these for each into a table, with the last three
 * letters of the name and the id written in. */
DefinitionBlock ("", "SSDT", 2, "BLKHD ", "BULKHEAD", 1)
{
	Device (\_SB.C000)
	{
		Name (_HID, "ACPI0007")
		Name (_UID, 0xFFFFFFFF)
	}
}
