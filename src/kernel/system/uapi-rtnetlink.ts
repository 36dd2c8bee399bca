/** Numbers of Linux netlink.h, rtnetlink.h, if_link.h, if_addr.h, if.h, pkt_sched.h and pkt_cls.h, under their names. */
export const AF_UNSPEC = 0;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_CLOEXEC = 0o2000000;
export const NETLINK_ROUTE = 0;
export const RTMGRP_LINK = 1;
export const MSG_DONTWAIT = 0x40;
export const SOL_NETLINK = 270;
export const NETLINK_EXT_ACK = 11;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLM_F_REQUEST = 0x01;
export const NLM_F_ACK = 0x04;
export const NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_CAPPED = 0x100;
export const NLM_F_ACK_TLVS = 0x200;
export const NLMSGERR_ATTR_MSG = 1;
export const NLA_F_NESTED = 1 << 15;
export const NLA_TYPE_MASK = 0x3fff;

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_GETADDR = 22;
export const RTM_NEWQDISC = 36;
export const RTM_DELQDISC = 37;
export const RTM_NEWTFILTER = 44;
export const RTM_DELTFILTER = 45;
export const RTM_GETTFILTER = 46;

export const IFLA_ADDRESS = 1;
export const IFLA_IFNAME = 3;
export const IFLA_MTU = 4;
export const IFLA_LINKINFO = 18;
export const IFLA_XDP = 43;
/** In the message that an interface has left for another network namespace. */
export const IFLA_NEW_NETNSID = 45;
export const IFLA_INFO_KIND = 1;
export const IFLA_XDP_ATTACHED = 2;
export const IFLA_XDP_PROG_ID = 4;
export const IFLA_XDP_DRV_PROG_ID = 5;
export const IFLA_XDP_SKB_PROG_ID = 6;
export const IFLA_XDP_HW_PROG_ID = 7;
export const IFF_UP = 1 << 0;
export const IFF_LOOPBACK = 1 << 3;
export const IFF_LOWER_UP = 1 << 16;

/** Kinds of link layer, of if_arp.h. */
export const ARPHRD_ETHER = 1;
export const ARPHRD_LOOPBACK = 772;

export const IFA_ADDRESS = 1;
export const IFA_LOCAL = 2;

export const XDP_FLAGS_SKB_MODE = 1 << 1;
export const XDP_FLAGS_DRV_MODE = 1 << 2;

export const TCA_KIND = 1;
export const TCA_OPTIONS = 2;
export const TC_H_CLSACT = 0xfffffff1;
export const TC_H_MAJ_MASK = 0xffff0000;
export const TC_H_MIN_INGRESS = 0xfff2;
export const TC_H_MIN_EGRESS = 0xfff3;
export const TCA_BPF_FD = 6;
export const TCA_BPF_NAME = 7;
export const TCA_BPF_FLAGS = 8;
export const TCA_BPF_ID = 11;
export const TCA_BPF_FLAG_ACT_DIRECT = 1 << 0;
export const ETH_P_ALL = 0x0003;

export const SIOCETHTOOL = 0x8946;
export const ETHTOOL_GDRVINFO = 3;
export const ETHTOOL_GFLAGS = 0x25;
export const ETH_FLAG_RXVLAN = 1 << 8;
