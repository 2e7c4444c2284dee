/* What of the machine cannot be found by looking: compiled by iasl, the same for every
 * partition.  The numbers are those of cp/guest_abi.h, which the build puts in. */
DefinitionBlock ("", "DSDT", 2, "BLKHD ", "BULKHEAD", 1)
{
	Name (_S5, Package () { 5, 0 })

	Scope (\_SB)
	{
		OperationRegion (EVTS, SystemIO, GUEST_EVENT_PORT, 1)
		Field (EVTS, ByteAcc, NoLock, Preserve) { EVNT, 8 }

		/* From here on pressing the power button is worth while. */
		Method (_INI) { EVNT = GUEST_EVENT_LISTEN }

		Device (PCI0)
		{
			Name (_HID, EisaId ("PNP0A08"))
			Name (_CID, EisaId ("PNP0A03"))
			Name (_UID, Zero)
			Name (_SEG, Zero)
			Name (_BBN, Zero)
			Name (_CRS, ResourceTemplate ()
			{
				WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
					0, 0, 0, 0, 1)
				DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
					NonCacheable, ReadWrite, 0, GUEST_BAR_BASE,
					GUEST_BAR_LAST, 0, GUEST_BAR_SIZE)
			})

			/* Places where devices come and go while the guest runs: one that has an
			 * object is looked at. */
#define SLOT(n) Device (S##n) { Name (_ADR, 0x##n##0000) }
			SLOT (03) SLOT (04) SLOT (05) SLOT (06) SLOT (07) SLOT (08) SLOT (09)
			SLOT (0A) SLOT (0B) SLOT (0C) SLOT (0D) SLOT (0E) SLOT (0F)
			SLOT (10) SLOT (11) SLOT (12) SLOT (13) SLOT (14) SLOT (15) SLOT (16)
			SLOT (17) SLOT (18) SLOT (19) SLOT (1A) SLOT (1B) SLOT (1C) SLOT (1D)
			SLOT (1E) SLOT (1F)
		}

		/* Addresses that are taken: configuration space, the ACPI registers. */
		Device (MBRD)
		{
			Name (_HID, EisaId ("PNP0C02"))
			Name (_UID, Zero)
			Name (_CRS, ResourceTemplate ()
			{
				Memory32Fixed (ReadWrite, GUEST_ECAM_BASE, GUEST_ECAM_SIZE)
				IO (Decode16, GUEST_SLEEP_PORT, GUEST_SLEEP_PORT, 1, 8)
			})
		}

		Device (COM1)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, One)
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, GUEST_COM1_PORT, GUEST_COM1_PORT, 1, 8)
				Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive)
					{ GUEST_COM1_GSI }
			})
		}

		Device (PWRB)
		{
			Name (_HID, EisaId ("PNP0C0C"))
			Name (_UID, Zero)
		}

		/* Virtual Machine Generation ID (Microsoft, 2012). */
		Device (VGEN)
		{
			Name (_HID, "BLKH0001")
			Name (_CID, "VM_Gen_Counter")
			Name (_DDN, "VM_Gen_Counter")
			Name (ADDR, Package () { GUEST_GENERATION_ADDR, Zero })
		}

		Device (GED)
		{
			Name (_HID, "ACPI0013")
			Name (_UID, Zero)
			Name (_CRS, ResourceTemplate ()
			{
				Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive)
					{ GUEST_EVENT_GSI }
			})
			Method (_EVT, 1, Serialized)
			{
				Local0 = EVNT
				If (Local0 & GUEST_EVENT_POWER) { Notify (PWRB, 0x80) }
				If (Local0 & GUEST_EVENT_GENERATION) { Notify (VGEN, 0x80) }
				If (Local0 & GUEST_EVENT_PCI) { Notify (PCI0, 0) }
			}
		}
	}
}
